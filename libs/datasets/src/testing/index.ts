export { cifar100Members, cifar10Members, cifarRecords } from './cifar';
export { tarMembers, tarOf } from './tar';
export type { TestMember } from './tar';
