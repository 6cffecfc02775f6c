/** Items that wait, each a tenant's. Tenants take turns, in the order in which they came; a tenant's own items keep theirs. */
export class TenantQueue<Item> {
  /** First come what was taken before and given back. */
  readonly #returned: Item[] = [];
  /** The tenant whose turn is next comes first. None has an empty list. */
  readonly #waiting = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(tenantId: string, item: Item): void {
    const own = this.#waiting.get(tenantId);
    if (own) own.push(item);
    else this.#waiting.set(tenantId, [item]);
    this.#size += 1;
  }

  /** Puts an item back that was taken: it is the next. */
  giveBack(item: Item): void {
    this.#returned.unshift(item);
    this.#size += 1;
  }

  /** Undefined where nothing waits. */
  take(): Item | undefined {
    const item = this.#returned.shift() ?? this.#takeTurn();
    if (item !== undefined) this.#size -= 1;
    return item;
  }

  /** Whether the item still waited. */
  remove(item: Item): boolean {
    for (const items of [this.#returned, ...this.#waiting.values()]) {
      const index = items.indexOf(item);
      if (index < 0) continue;
      items.splice(index, 1);
      this.#size -= 1;
      for (const [tenantId, own] of this.#waiting) if (own.length === 0) this.#waiting.delete(tenantId);
      return true;
    }
    return false;
  }

  #takeTurn(): Item | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [tenantId, items] = first;
    this.#waiting.delete(tenantId);
    const item = items.shift();
    if (items.length > 0) this.#waiting.set(tenantId, items);
    return item;
  }
}
