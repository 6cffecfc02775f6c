import { findFreePort, isPortFree } from '@callbay/embedded';
import type { Config } from '@callbay/runtime';

/** A port that was asked for by name is taken; another would leave clients knocking at a stranger's door. */
export class PortTakenError extends Error {
  constructor(variable: string, port: number, host: string) {
    super(`port ${port} on ${host} is taken: stop what listens there, or set ${variable} to another port`);
    this.name = 'PortTakenError';
  }
}

async function choosePort(
  variable: string,
  wish: { port: number; isPortChosen: boolean },
  host: string,
  not: number,
): Promise<number> {
  if (wish.isPortChosen && wish.port > 0) {
    if (await isPortFree(wish.port, host)) return wish.port;
    throw new PortTakenError(variable, wish.port, host);
  }
  const port = await findFreePort(wish.port, host);
  return port === not ? findFreePort(port + 1, host) : port;
}

/** The ports that a node serves on; null where it does not run the role. */
export interface Ports {
  readonly http: number | null;
  readonly sftp: number | null;
}

/** The ports to serve on: those asked for, else the first free ones from the defaults on. Throws PortTakenError. */
export async function choosePorts({
  bind,
  roles,
  ...config
}: Pick<Config, 'bind' | 'http' | 'sftp' | 'roles'>): Promise<Ports> {
  const http = roles.includes('api') ? await choosePort('CALLBAY_HTTP_PORT', config.http, bind, -1) : null;
  const sftp = roles.includes('intake')
    ? await choosePort('CALLBAY_SFTP_PORT', config.sftp, bind, http ?? -1)
    : null;
  return { http, sftp };
}

/** The address to reach a server at that listens on `bind`, with brackets for IPv6. */
export function reachableHost(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  if (bind === '::') return '[::1]';
  return bind.includes(':') ? `[${bind}]` : bind;
}
