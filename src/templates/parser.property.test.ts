import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuzzCases } from '../testing/fuzz-cases.ts';
import { createTemplateSet } from './notification.ts';
import { expandRuleTemplate } from './rule-expander.fixture.ts';
import { checkRuleTemplate } from './rule-expander.ts';
import { TemplateError } from './template-error.ts';

const PIECES = [
  '{{',
  '}}',
  '{{-',
  '-}}',
  ' - ',
  '.',
  '.Labels',
  '$x',
  '$',
  ':=',
  '=',
  '|',
  '(',
  ')',
  ',',
  '"',
  '`',
  "'",
  '\\',
  '/*',
  '*/',
  'if',
  'else',
  'end',
  'range',
  'with',
  'define',
  'template',
  'block',
  'break',
  'continue',
  'nil',
  'true',
  'len',
  'printf',
  'index',
  'eq',
  'and',
  '1',
  '0x',
  '1e',
  '9e9',
  '-',
  '+',
  '_',
  ' ',
  '\n',
  '<a href="',
  "<script>var x='",
  '</script>',
  '<style>',
  '<!--',
  '-->',
  '>',
  'é',
  '\u{1f600}',
  '\ud800',
  '\0',
  '%d',
  '%',
  '"%v"',
  '$labels',
  '$value',
  'query',
  'first',
  '{{ $value | ',
];

const templates = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })), {
  maxLength: 40,
});

test('whatever the text, parsing ends, and with no other error than a TemplateError', () => {
  fc.assert(
    fc.property(templates, (pieces) => {
      try {
        checkRuleTemplate(pieces.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateError);
      }
    }),
    { numRuns: fuzzCases(3000) },
  );
});

test('whatever the text, expanding gives a text', () => {
  const context = {
    name: 'A',
    labels: { job: 'x' },
    value: 1,
    externalLabels: {},
    externalUrl: 'http://b',
    timestamp: 0,
    query: () => [],
    limits: { steps: 2000, bytes: 10_000 },
  };
  fc.assert(
    fc.property(templates, (pieces) => {
      expect(expandRuleTemplate(pieces.join(' '), context)).toBeTypeOf('string');
    }),
    { numRuns: fuzzCases(2000) },
  );
});

test('whatever the text and the value, HTML output holds the value only escaped', () => {
  const set = createTemplateSet({ now: () => 0, limits: { steps: 5000, bytes: 100_000 } });
  const data = {
    receiver: '<marker>"\'',
    status: 'firing',
    alerts: [],
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://b',
  } as const;
  const html = fc.array(
    fc.oneof(
      fc.constantFrom(...PIECES.filter((piece) => !piece.includes('{{') && !piece.includes('}}'))),
      fc.constant('{{ .Receiver }}'),
      fc.string({ maxLength: 4 }).filter((text) => !text.includes('{')),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(html, (pieces) => {
      expect(set.renderHtml(pieces.join(''), data)).not.toContain('<marker');
    }),
    { numRuns: fuzzCases(2000) },
  );
});

test('hostile values and texts cost what their length costs, not its square', () => {
  // The square of this is beyond the time that a test may take.
  const n = 200_000;
  const set = createTemplateSet({ now: () => 0 });
  const render = (template: string, receiver: string): string => {
    const labels = { groupLabels: {}, commonLabels: {}, commonAnnotations: {} };
    const data = { receiver, status: 'firing', alerts: [], externalURL: '', ...labels } as const;
    return set.renderHtml(template, data);
  };
  expect(render('{{ .Receiver | trimSpace }}', `x${' '.repeat(n)}x`)).toHaveLength(n + 2);
  expect(render('<p title="{{ .Receiver | safeHtml }}">', `${'<a'.repeat(n)}"`)).toBe('<p title="">');
  expect(() => render('{{ humanizeDuration .Receiver }}', `${'1'.repeat(n)}x`)).toThrow(/invalid syntax/);
  expect(render(`a${' '.repeat(n)}x {{- "" }}`, '')).toHaveLength(n + 2);
  expect(render(`<script>${'f("a");'.repeat(n / 10)}</script>`, '')).toMatch(/^<script>f/);
  expect(() => render(`{{ toDate "${'1'.repeat(5000)}" "${'1'.repeat(5000)}" }}`, '')).not.toThrow();
  expect(() => render('{{ reReplaceAll "(a*)*b" "" .Receiver }}', 'a'.repeat(n))).not.toThrow();
});
