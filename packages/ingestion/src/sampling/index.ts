export { writeYaml } from '@callbay/metadata';
export type { ConfigStore } from './config-port.ts';
export { lintTenantMapping } from './lint-tenant-mapping.ts';
export * from './ports.ts';
export { type PreviewDeps, previewMapping } from './preview-mapping.ts';
export { type ReadSampleDeps, readTenantSample, type SampleAnswer } from './read-sample.ts';
export { createSampler, type Sampler } from './sampler.ts';
