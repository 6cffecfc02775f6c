/** The processes that an installation consists of. */
export const ROLES = ['intake', 'pipeline', 'api'] as const;
export type RoleName = (typeof ROLES)[number];
