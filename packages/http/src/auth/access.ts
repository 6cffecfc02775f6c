import type { Role } from '@callbay/contracts';

/**
 * Who may call a route. On a path with a tenant the credential must also be bound to it, which an operator's is to
 * all. `public` asks for no credential.
 */
export type Access = 'public' | 'read' | 'analyze' | 'manage' | 'operate';

const ROLES: Readonly<Record<Exclude<Access, 'public'>, readonly Role[]>> = {
  read: ['operator', 'manager', 'tenant', 'engine'],
  analyze: ['operator', 'manager', 'engine'],
  manage: ['operator', 'manager'],
  operate: ['operator'],
};

export const mayAccess = (role: Role, access: Exclude<Access, 'public'>): boolean =>
  ROLES[access].includes(role);
