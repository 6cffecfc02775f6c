export { writeYaml } from '@callbay/metadata';
export { lintTenantCrmMapping } from './lint-crm-mapping.ts';
export { lintTenantMapping } from './lint-tenant-mapping.ts';
export type { ConfigStore } from './ports.ts';
export * from './ports.ts';
export { type CrmPreviewDeps, previewCrmMapping } from './preview-crm-mapping.ts';
export { type PreviewDeps, previewMapping } from './preview-mapping.ts';
export { type ReadSampleDeps, readTenantSample, type SampleAnswer } from './read-sample.ts';
export { createSampler, type Sampler } from './sampler.ts';
