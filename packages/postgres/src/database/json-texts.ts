/**
 * JSON texts of values that one transaction writes to several columns: each is made once. Values are told apart by
 * identity and must not change meanwhile.
 */
export class JsonTexts {
  readonly #texts = new Map<object, string>();

  of(value: unknown): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    let text = this.#texts.get(value);
    if (text === undefined) {
      text = JSON.stringify(value);
      this.#texts.set(value, text);
    }
    return text;
  }
}
