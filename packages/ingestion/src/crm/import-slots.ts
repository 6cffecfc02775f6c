/** How many imports this process may be at: each takes a child process and a database connection. */
export interface ImportSlots {
  /** Null where all are taken, or where the tenant has one already: it must not keep the others waiting. */
  take(tenantId: string): Disposable | null;
}

export function createImportSlots({ total }: { total: number }): ImportSlots {
  const taken = new Set<string>();
  return {
    take(tenantId) {
      if (taken.size >= total || taken.has(tenantId)) return null;
      taken.add(tenantId);
      return { [Symbol.dispose]: () => void taken.delete(tenantId) };
    },
  };
}
