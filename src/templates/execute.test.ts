import { describe, expect, test } from 'vitest';
import { Budget } from './budget.ts';
import { builtins } from './builtins.ts';
import { execute } from './execute.ts';
import { GoDuration, GoTime, ZERO_TIME_NS } from './go-time.ts';
import {
  type GoFunctions,
  GoList,
  GoMap,
  GoStruct,
  type GoValue,
  stringList,
  stringMap,
} from './go-value.ts';
import { parseTemplate } from './parser.ts';
import { TemplateError } from './template-error.ts';
import { plainWriter } from './writer.ts';

const functions: GoFunctions = {
  ...builtins,
  upper: { params: ['string'], call: ([text]) => (text as string).toUpperCase() },
  add: { params: ['int'], variadic: 'int', call: (args) => (args as bigint[]).reduce((a, b) => a + b) },
  half: { params: ['float64'], call: ([value]) => (value as number) / 2 },
  fail: {
    params: [],
    call: () => {
      throw new Error('it broke');
    },
  },
  nothing: { params: [], call: () => null },
};

const data = new GoStruct(
  '*main.Data',
  new Map<string, GoValue>([
    ['Name', 'disk'],
    ['Count', 3n],
    ['Ratio', 0.25],
    ['Big', 1_234_567],
    ['Yes', true],
    [
      'Labels',
      stringMap([
        ['job', 'node'],
        ['instance', 'h:9100'],
      ]),
    ],
    [
      'Mixed',
      new GoMap(
        'any',
        new Map<string, GoValue>([
          ['n', 1n],
          ['s', 'x'],
          ['none', null],
        ]),
      ),
    ],
    ['List', stringList(['a', 'b', 'c'])],
    ['Empty', stringList([])],
    ['Nil', null],
    ['Since', new GoDuration(5_400_500_000_000n)],
    ['At', GoTime.fromMs(Date.UTC(2026, 0, 2, 15, 4, 5, 60))],
    ['Zero', new GoTime(ZERO_TIME_NS)],
    [
      'Greeter',
      new GoStruct('main.Greeter', new Map([['Word', 'hi']]), {
        methods: {
          Greet: { params: ['string'], call: ([who]) => `hi ${who}` },
          Self: { params: [], call: () => stringMap([['x', 'y']]) },
        },
      }),
    ],
  ]),
);

function render(text: string, dot: GoValue = data, budget = new Budget()): string {
  const trees = parseTemplate('t', text, (name) => Object.hasOwn(functions, name));
  const writer = plainWriter(budget);
  execute(trees.get('t')!, dot, { trees, functions, writer, budget });
  return writer.text;
}

describe('actions', () => {
  test.each([
    ['plain text', 'plain text'],
    ['{{.Name}}', 'disk'],
    ['{{ .Name }}-{{ .Count }}', 'disk-3'],
    ['{{/* said to nobody */}}x', 'x'],
    ['a {{- /* trimmed */ -}} b', 'ab'],
    ['a\n {{- "b" -}} \n c', 'abc'],
    ['{{if .Yes}}y{{else}}n{{end}}', 'y'],
    ['{{if not .Yes}}y{{else if eq .Count 3}}three{{else}}n{{end}}', 'three'],
    ['{{if .Zero}}a struct is always true{{end}}', 'a struct is always true'],
    ['{{if .Empty}}y{{else}}empty{{end}}{{if .Nil}}y{{else}}nil{{end}}', 'emptynil'],
    ['{{with .Labels}}{{.job}}{{end}}', 'node'],
    ['{{with .Nil}}x{{else with .Name}}{{.}}{{else}}z{{end}}', 'disk'],
    ['{{with $x := .Count}}{{$x}}{{end}}', '3'],
    ['{{range .List}}<{{.}}>{{end}}', '<a><b><c>'],
    ['{{range $i, $v := .List}}{{if $i}}, {{end}}{{$i}}:{{$v}}{{end}}', '0:a, 1:b, 2:c'],
    ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
    ['{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}', 'instance=h:9100;job=node;'],
    ['{{range 3}}{{.}}{{end}}', '012'],
    ['{{range $i := .Count}}{{$i}}{{end}}', '012'],
    ['{{range .List}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}', 'ac'],
    ['{{range .List}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
    [
      '{{$first := true}}{{range .List}}{{if $first}}{{$first = false}}{{else}}, {{end}}{{.}}{{end}}',
      'a, b, c',
    ],
    ['{{$x := 1}}{{if .Yes}}{{$x := 2}}{{$x}}{{end}}{{$x}}', '21'],
    ['{{$i := 0}}{{$v := ""}}{{range $i, $v = .List}}{{end}}{{$i}}{{$v}}', '2c'],
    ['{{define "a"}}[{{.}}]{{end}}{{template "a" .Name}}{{template "a"}}', '[disk][<no value>]'],
    ['{{block "b" .List}}{{len .}}{{end}}', '3'],
    ['{{template "late" .}}{{define "late"}}{{$.Name}}{{end}}', 'disk'],
    ['{{range .List}}{{$.Name}}{{end}}', 'diskdiskdisk'],
  ])('%j gives %j', (text, expected) => expect(render(text)).toBe(expected));
});

describe('pipelines, fields and methods', () => {
  test.each([
    ['{{.Name | upper}}', 'DISK'],
    ['{{"x" | printf "%s-%s" "a"}}', 'a-x'],
    ['{{(index .List 1) | upper | printf "%q"}}', '"B"'],
    ['{{.Labels.job}}|{{.Labels.none}}|{{.Mixed.none}}|{{.Mixed.gone}}', 'node||<no value>|<no value>'],
    ['{{.Greeter.Greet "you"}} {{"me" | .Greeter.Greet}} {{.Greeter.Self.x}}', 'hi you hi me y'],
    ['{{(.Greeter.Self).x}}', 'y'],
    ['{{add 1 2 .Count}} {{half 3}} {{half .Ratio}}', '6 1.5 0.125'],
    ['{{.Labels}}', 'map[instance:h:9100 job:node]'],
    ['{{.List}} {{.Mixed}}', '[a b c] map[n:1 none:<nil> s:x]'],
    ['{{.Big}} {{.Ratio}} {{1e21}} {{100000.0}} {{0.00001}}', '1.234567e+06 0.25 1e+21 100000 1e-05'],
    ["{{1_000}} {{0x1F}} {{0b101}} {{0o17}} {{017}} {{'a'}} {{1.5e3}}", '1000 31 5 15 15 97 1500'],
    ['{{`raw "text"`}} {{"tab\\tend \\u00e9"}}', 'raw "text" tab\tend é'],
    [
      '{{.Since}} {{.Since.Hours}} {{.Since.Minutes}} {{.Since.Seconds}}',
      '1h30m0.5s 1.500138888888889 90.00833333333334 5400.5',
    ],
    ['{{.At}}', '2026-01-02 15:04:05.06 +0000 UTC'],
    ['{{.Zero}} {{.Zero.IsZero}}', '0001-01-01 00:00:00 +0000 UTC true'],
    ['{{.At.Format "Mon Jan _2 3:04PM 2006"}}', 'Fri Jan  2 3:04PM 2026'],
    ['{{(.At.Add 28800e9).Format "2006-01-02 15:04:05"}}', '2026-01-02 23:04:05'],
    ['{{.At.Unix}} {{.At.Weekday}} {{.At.Month}} {{.At.YearDay}}', '1767366245 Friday January 2'],
    ['{{(.At.Sub .Zero).Hours | printf "%.0f"}} {{.At.Sub .At}}', '2562048 0s'],
    ['{{.At.After .Zero}} {{(.At.AddDate 0 1 0).Format "2006-01-02"}}', 'true 2026-02-02'],
  ])('%j gives %j', (text, expected) => expect(render(text)).toBe(expected));
});

describe('functions of every template', () => {
  test.each([
    ['{{and .Yes .Count}} {{and .Count 0 .Name}} {{or "" .Name}} {{or 0 ""}}', '3 0 disk '],
    ['{{and false (fail)}} {{or 1 (fail)}}', 'false 1'],
    ['{{not 0}} {{not "x"}}', 'true false'],
    ['{{eq .Count 3}} {{eq .Name "a" "disk"}} {{eq .Ratio 0.25}} {{ne 1 2}}', 'true true true true'],
    ['{{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1.5 2.5}}', 'true true true false'],
    ['{{eq .Nil nil}} {{eq .Name nil}} {{eq .List nil}}', 'true false false'],
    ['{{len .Name}} {{len "é"}} {{len .Labels}} {{.List | len}}', '4 2 2 3'],
    ['{{index .List 2}} {{index .Labels "job"}} {{index .Labels "no"}}. {{index "abc" 1}}', 'c node . 98'],
    ['{{slice .Name 1 3}} {{slice .List 1}} {{slice "héllo" 0 3}}', 'is [b c] hé'],
    ['{{print "a" 1 2 "b" 3}} {{println "x" 1}}', 'a1 2b3 x 1\n'],
    ['{{html "<a href=\'x\'>&\\""}}', '&lt;a href=&#39;x&#39;&gt;&amp;&#34;'],
    ['{{js "it\'s <b>=\\n"}}', "it\\'s \\u003Cb\\u003E\\u003D\\u000A"],
    ['{{urlquery "a b&c/é~"}}', 'a+b%26c%2F%C3%A9~'],
  ])('%j gives %j', (text, expected) => expect(render(text)).toBe(expected));
});

describe('mistakes', () => {
  test.each([
    ['{{.Name', 'template: t:1: unclosed action'],
    ['{{\u00a0.Name}}', 'template: t:1: unrecognized character in action: U+00A0'],
    ['{{€}}', "template: t:1: unrecognized character in action: U+20AC '€'"],
    ['{{.Name\n\n', 'template: t:3: unclosed action started at t:1'],
    ['{{nope}}', 'template: t:1: function "nope" not defined'],
    ['{{$x}}', 'template: t:1: undefined variable "$x"'],
    ['{{if .Yes}}', 'template: t:1: unexpected EOF'],
    ['{{end}}', 'template: t:1: unexpected {{end}}'],
    ['{{else}}', 'template: t:1: unexpected {{else}}'],
    ['{{break}}', 'template: t:1: {{break}} outside {{range}}'],
    ['{{}}', 'template: t:1: missing value for command'],
    ['{{if}}{{end}}', 'template: t:1: missing value for if'],
    ['{{.Name | "x"}}', 'template: t:1: non executable command in pipeline stage 2'],
    ['{{(.Name}}', 'template: t:1: unclosed left paren'],
    ['{{.Name)}}', 'template: t:1: unexpected right paren'],
    ['{{"abc}}', 'template: t:1: unterminated quoted string'],
    ['{{/* x }}', 'template: t:1: unclosed comment'],
    ['{{3x}}', 'template: t:1: bad number syntax: "3x"'],
    ['{{range $a, $b, $c := .List}}{{end}}', 'template: t:1: too many declarations in range'],
    [
      '{{define "a"}}x{{end}}{{define "a"}}y{{end}}',
      'template: t:1: template: multiple definition of template "a"',
    ],
    ['{{nil}}', 'template: t:1:2: executing "t" at <nil>: nil is not a command'],
    ['{{.Nope}}', 'template: t:1:2: executing "t" at <.Nope>: can\'t evaluate field Nope in type *main.Data'],
    [
      'a\nb {{.Name.Length}}',
      'template: t:2:9: executing "t" at <.Name.Length>: can\'t evaluate field Length in type string',
    ],
    [
      '{{eq .Count 1.5}}',
      'template: t:1:2: executing "t" at <eq .Count 1.5>: error calling eq: incompatible types for comparison',
    ],
    [
      '{{lt .List 1}}',
      'template: t:1:2: executing "t" at <lt .List 1>: error calling lt: invalid type for comparison',
    ],
    ['{{upper 3}}', 'template: t:1:8: executing "t" at <3>: expected string; found 3'],
    [
      '{{upper .Count}}',
      'template: t:1:8: executing "t" at <.Count>: wrong type for value; expected string; got int',
    ],
    ['{{upper}}', 'template: t:1:2: executing "t" at <upper>: wrong number of args for upper: want 1 got 0'],
    [
      '{{add}}',
      'template: t:1:2: executing "t" at <add>: wrong number of args for add: want at least 1 got 0',
    ],
    ['{{upper nothing}}', 'template: t:1:8: executing "t" at <nothing>: invalid value; expected string'],
    ['{{fail}}', 'template: t:1:2: executing "t" at <fail>: error calling fail: it broke'],
    [
      '{{index .List 3}}',
      'template: t:1:2: executing "t" at <index .List 3>: error calling index: index out of range: 3',
    ],
    ['{{len 3}}', 'template: t:1:2: executing "t" at <len 3>: error calling len: len of type int'],
    [
      '{{template "gone"}}',
      'template: t:1:11: executing "t" at <{{template "gone"}}>: template "gone" not defined',
    ],
    ['{{range .Name}}{{end}}', 'template: t:1:8: executing "t" at <.Name>: range can\'t iterate over disk'],
    [
      '{{.Name.Upper "x"}}',
      'template: t:1:7: executing "t" at <.Name.Upper>: can\'t evaluate field Upper in type string',
    ],
    [
      '{{define "x"}}{{.Nope}}{{end}}{{template "x" .}}',
      'template: t:1:16: executing "x" at <.Nope>: can\'t evaluate field Nope in type *main.Data',
    ],
  ])('%j says %j', (text, message) => {
    expect(() => render(text)).toThrow(new TemplateError(message));
  });
});

describe('bounds', () => {
  test.each([
    ['{{range 2000000}}{{end}}', /exceeded the limit of 1000000 steps/],
    ['{{range 1000000}}{{range 1000000}}{{end}}{{end}}', /exceeded the limit of 1000000 steps/],
    ['{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', /exceeded maximum template depth/],
    ['{{$x := "0123456789"}}{{range 30}}{{$x = print $x $x}}{{end}}', /exceeded the limit of 1048576 bytes/],
    ['{{range 1000}}{{printf "%10000d" 1}}{{end}}', /exceeded the limit of 1048576 bytes/],
    [`${'{{if 1}}'.repeat(300)}${'{{end}}'.repeat(300)}`, /nested deeper than 200/],
    [`{{${'('.repeat(300)}1${')'.repeat(300)}}}`, /nested deeper than 200/],
  ])('%.60s ends with an error', (text, message) => expect(() => render(text)).toThrow(message));

  test('a budget of one step is for an empty template', () => {
    expect(() => render('{{.Name}}', data, new Budget({ steps: 1, bytes: 10 }))).toThrow(TemplateError);
  });

  test('a list that holds itself many times over is printed up to the limit only', () => {
    let list = new GoList('any', ['x']);
    for (let i = 0; i < 60; i++) list = new GoList('any', [list, list]);
    expect(() => render('{{.}}', list)).toThrow(TemplateError);
  });
});
