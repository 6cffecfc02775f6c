import { type Dice, diceFrom } from './random.ts';

const NAMES = ['a', 'b', 'id', 'call', 'Agent-Name', 'n:x', 'é', '電話', 'x.y', '_z', 'toString', 'i'];
const TEXTS = [
  ...[
    'x',
    ' ',
    '\n',
    '0042',
    "it's",
    '"',
    '>',
    '&lt;',
    '&amp;amp;',
    '&#65;',
    '&#x1F600;',
    '&quot;',
    '&apos;',
  ],
  ...[
    'é',
    '😀',
    '\t',
    '\r\n',
    '/>',
    '=',
    '</',
    ']]',
    '-->',
    '?>',
    '%',
    '&#10;',
    '\u00a0',
    '\u200b',
    '\u0085',
    '\u2028',
  ],
];
const INSIDE = [
  "it's",
  '"',
  '<b>0</b>',
  '</c>',
  '<![CDATA[',
  ']]>',
  '&x;',
  '<',
  '>',
  ' x ',
  '<?',
  '<!--',
  'xml',
  '/>',
  "='",
];
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const TOKENS = [
  '<',
  '>',
  '/',
  '"',
  "'",
  '=',
  '&',
  ';',
  '<!--',
  '-->',
  '<?p',
  '?>',
  '<![CDATA[',
  ']]>',
  'x',
  ' ',
  '<a>',
  '</a>',
  '<!DOCTYPE c>',
];

const textOf = (dice: Dice): string =>
  dice
    .some(4, () => dice.pick(TEXTS))
    .join('')
    .replaceAll('</', '')
    .replaceAll(']]>', ']]');

const commentOf = (dice: Dice): string =>
  `<!--${dice
    .some(3, () => dice.pick(INSIDE))
    .join(' ')
    .replaceAll('-->', '')
    .replaceAll('--', '')} -->`;

const instructionOf = (dice: Dice): string =>
  `<?${dice.pick(['p', 'php', 'xml-stylesheet'])} ${dice
    .some(3, () => dice.pick(INSIDE))
    .join('')
    .replaceAll('?>', '')}?>`;

const cdataOf = (dice: Dice): string =>
  `<![CDATA[${dice
    .some(3, () => dice.pick(INSIDE))
    .join('')
    .replaceAll(']]>', ']]')}]]>`;

const missOf = (dice: Dice): string => {
  const roll = dice.below(10);
  if (roll === 0) return commentOf(dice);
  if (roll === 1) return instructionOf(dice);
  return roll < 5 ? dice.pick(['\n', '  ', '\t']) : '';
};

function attributesOf(dice: Dice): string {
  const names = new Set(dice.some(3, () => dice.pick([...NAMES, 'i:nil', 'i:type', 'xml:lang', 'n:k'])));
  return [...names]
    .map((name) => {
      const quote = dice.pick(['"', "'"]);
      const value = textOf(dice).replaceAll(quote, '').replaceAll('<', '');
      return `${dice.pick([' ', '\n', '  '])}${name}${dice.pick(['=', ' = '])}${quote}${value}${quote}`;
    })
    .join('');
}

function elementOf(dice: Dice, depth: number, own = ''): string {
  const name = dice.pick(NAMES);
  const head = `<${name}${own}${attributesOf(dice)}`;
  const roll = dice.below(10);
  if (own === '' && roll === 0) return `${head}${dice.pick(['/>', ' />'])}`;
  const tail = `</${name}${dice.pick(['', ' '])}>`;
  if (own === '' && (depth === 0 || roll < 6)) {
    const parts = dice.some(3, () => dice.pick([textOf, textOf, commentOf, instructionOf, cdataOf])(dice));
    return `${head}>${parts.join('')}${tail}`;
  }
  const children = dice.some(4, () => missOf(dice) + elementOf(dice, depth - 1));
  return `${head}>${children.join('')}${missOf(dice)}${tail}`;
}

/** One document of the grammar of XML, its seed given; of three one has a character or a token too many or too few. */
export function documentOf(seed: number): string {
  const dice = diceFrom(seed);
  const declaration = dice.pick(['', '<?xml version="1.0"?>', "<?xml version='1.0' encoding='UTF-8' ?>\n"]);
  const spaces = ` xmlns:i="${dice.chance(0.8) ? XSI : 'urn:x'}"${dice.chance(0.5) ? ' xmlns:n="urn:n"' : ''}`;
  const document = `${declaration}${missOf(dice)}${elementOf(dice, 3, spaces)}${missOf(dice)}`;
  if (!dice.chance(1 / 3)) return document;
  const at = dice.below(document.length);
  const rest = document.slice(at + (dice.chance(0.5) ? dice.below(4) : 0));
  return document.slice(0, at) + (dice.chance(0.6) ? dice.pick(TOKENS) : '') + rest;
}
