import { accuracyGap } from './accuracy-gap';
import { activationVarianceRatio } from './activation-variance-ratio';
import { activationVariance } from './activation-variance';
import { attributeProbe } from './attribute-probe';
import { attributeVariance } from './attribute-variance';
import { aurc } from './aurc';
import { averageGroupAccuracy } from './average-group-accuracy';
import { boundSlack } from './bound-slack';
import { brier } from './brier';
import { cdnv } from './cdnv';
import { ece } from './ece';
import { error } from './error';
import { followsColour } from './follows-colour';
import { groupAccuracy } from './group-accuracy';
import { highWeightShare } from './high-weight-share';
import { logitCovariance } from './logit-covariance';
import { loss } from './loss';
import { minorityTrainAccuracy } from './minority-train-accuracy';
import { mixupBoundSlack } from './mixup-bound-slack';
import { nc1 } from './nc1';
import { nc2 } from './nc2';
import { nc3 } from './nc3';
import { nc4 } from './nc4';
import { nll } from './nll';
import { outputVariance } from './output-variance';
import { spuriousWeightRatio } from './spurious-weight-ratio';
import { varianceByStage } from './variance-by-stage';
import { varianceSpectrum } from './variance-spectrum';
import { worstGroupAccuracy } from './worst-group-accuracy';

export const metrics = {
  'accuracy-gap': accuracyGap,
  'activation-variance': activationVariance,
  'activation-variance-ratio': activationVarianceRatio,
  'attribute-probe': attributeProbe,
  'attribute-variance': attributeVariance,
  aurc,
  'average-group-accuracy': averageGroupAccuracy,
  'bound-slack': boundSlack,
  brier,
  cdnv,
  ece,
  error,
  'follows-colour': followsColour,
  'group-accuracy': groupAccuracy,
  'high-weight-share': highWeightShare,
  'logit-covariance': logitCovariance,
  loss,
  'minority-train-accuracy': minorityTrainAccuracy,
  'mixup-bound-slack': mixupBoundSlack,
  nc1,
  nc2,
  nc3,
  nc4,
  nll,
  'output-variance': outputVariance,
  'spurious-weight-ratio': spuriousWeightRatio,
  'variance-by-stage': varianceByStage,
  'variance-spectrum': varianceSpectrum,
  'worst-group-accuracy': worstGroupAccuracy,
} as const;
