import type { Role } from '@callbay/contracts';

/**
 * Who may call a route. On a path with a tenant the credential must also be bound to it, which an operator's is to
 * all. `public` asks for no credential; `trace` is for what became of a file.
 */
export type Access = 'public' | 'trace' | 'read' | 'send' | 'analyze' | 'manage' | 'operate';

const ROLES: Readonly<Record<Exclude<Access, 'public'>, readonly Role[]>> = {
  trace: ['operator', 'manager', 'tenant', 'engine', 'sender'],
  read: ['operator', 'manager', 'tenant', 'engine'],
  send: ['operator', 'manager', 'sender'],
  analyze: ['operator', 'manager', 'engine'],
  manage: ['operator', 'manager'],
  operate: ['operator'],
};

export const mayAccess = (role: Role, access: Exclude<Access, 'public'>): boolean =>
  ROLES[access].includes(role);
