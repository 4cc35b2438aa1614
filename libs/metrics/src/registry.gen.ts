import { accuracyGap } from './accuracy-gap';
import { activationVarianceRatio } from './activation-variance-ratio';
import { activationVariance } from './activation-variance';
import { averageGroupAccuracy } from './average-group-accuracy';
import { boundSlack } from './bound-slack';
import { error } from './error';
import { followsColour } from './follows-colour';
import { groupAccuracy } from './group-accuracy';
import { highWeightShare } from './high-weight-share';
import { logitCovariance } from './logit-covariance';
import { loss } from './loss';
import { minorityTrainAccuracy } from './minority-train-accuracy';
import { mixupBoundSlack } from './mixup-bound-slack';
import { outputVariance } from './output-variance';
import { varianceByStage } from './variance-by-stage';
import { worstGroupAccuracy } from './worst-group-accuracy';

export const metrics = {
  'accuracy-gap': accuracyGap,
  'activation-variance': activationVariance,
  'activation-variance-ratio': activationVarianceRatio,
  'average-group-accuracy': averageGroupAccuracy,
  'bound-slack': boundSlack,
  error,
  'follows-colour': followsColour,
  'group-accuracy': groupAccuracy,
  'high-weight-share': highWeightShare,
  'logit-covariance': logitCovariance,
  loss,
  'minority-train-accuracy': minorityTrainAccuracy,
  'mixup-bound-slack': mixupBoundSlack,
  'output-variance': outputVariance,
  'variance-by-stage': varianceByStage,
  'worst-group-accuracy': worstGroupAccuracy,
} as const;
