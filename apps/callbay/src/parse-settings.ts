import { CommandError, EXIT_CODES } from './exit-codes.ts';

const MAX_DEPTH = 3;

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Settings out of `name=value` texts: `alerts.digestEveryMinutes=30` becomes `{ alerts: { digestEveryMinutes: 30 } }`. A
 * value that is not JSON is text. Undefined where there are none.
 */
export function parseSettings(texts: readonly string[]): Record<string, unknown> | undefined {
  if (texts.length === 0) return undefined;
  const settings: Record<string, unknown> = {};
  for (const text of texts) {
    const [, name = '', value = ''] = /^([\w.-]+)=(.*)$/s.exec(text) ?? [];
    const path = name.split('.');
    const isOdd = path.some((part) => part === '' || part === '__proto__');
    if (isOdd || path.length > MAX_DEPTH) {
      throw new CommandError(`\`${text}\` is not <setting>=<value>`, EXIT_CODES.usage);
    }
    let place = settings;
    for (const part of path.slice(0, -1)) {
      place[part] ??= {};
      place = place[part] as Record<string, unknown>;
    }
    place[path.at(-1)!] = parseValue(value);
  }
  return settings;
}
