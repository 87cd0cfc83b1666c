import ImportaheadCore
import Testing

@Suite("Source lexical rules")
struct SourceLexicalTests {
  @Test("each lexical corner leaves exactly the imports that Python would make", arguments: cases)
  func corner(_ each: SourceCase) {
    #expect(each.found == each.expected)
  }

  static let cases = strings + formatted + lines + bytes

  static let strings = [
    SourceCase(
      "a docstring that holds an import", "\"\"\"Doc.\n\nimport no\n\"\"\"\nimport yes\n", ["5 yes"]
    ),
    SourceCase(
      "three quotes in a comment", "# it's '''\nimport a\n# \"\"\"\nimport b", ["2 a", "4 b"]),
    SourceCase("an escaped quote", "x = 'it\\'s'\nimport a", ["2 a"]),
    SourceCase("an escaped backslash", "x = 'a\\\\'\nimport a", ["2 a"]),
    SourceCase("a raw string that ends in two backslashes", "x = r'a\\\\'\nimport a", ["2 a"]),
    SourceCase("a raw string that hides its quote", "x = r'\\'\nimport no'\nimport a", []),
    SourceCase("a string continued over a line", "x = 'a\\\nimport no'\nimport a", ["3 a"]),
    SourceCase("empty strings side by side", "x = '' \"\" ''\nimport a", ["2 a"]),
    SourceCase("quotes within three quotes", "x = '''a''b'c'''\nimport a", ["2 a"]),
    SourceCase("four quotes", "x = ''''a'''\nimport a", ["2 a"]),
    SourceCase("an escaped quote within three", "x = '''\\'''\nimport no\n'''\nimport a", ["4 a"]),
    SourceCase("an unterminated string ends the file", "import a\nx = 'b\nimport no", ["1 a"]),
    SourceCase("an unterminated triple string", "import a\nx = '''b\nimport no", ["1 a"]),
    SourceCase("every prefix", "x = b'' rb'' Rb'' bR'' u'' f'' fR'' rF''\nimport a", ["2 a"]),
    SourceCase("keywords that look like prefixes", "x = 1 if'a'else'b' or'c'\nimport a", ["2 a"]),
    SourceCase("a docstring between imports", "import a; 'doc'; import b", ["1 a", "1 b"]),
    SourceCase("a statement that starts with a string", "'{}'.format(1); import a", ["1 a"]),
  ]

  static let formatted = [
    SourceCase("the same quotes within a field", "x = f'{d['import']}'\nimport a", ["2 a"]),
    SourceCase("nested f-strings", "x = f\"{f\"{f\"{1}\"}\"}\"\nimport a", ["2 a"]),
    SourceCase("a field over several lines", "x = f'{\nimport_no\n}'\nimport a", ["4 a"]),
    SourceCase("a comment in a field", "x = f'''{\n1 # } ''' \n}'''\nimport a", ["4 a"]),
    SourceCase("doubled braces", "x = f'{{' f'}}' f'{{{1}}}'\nimport a", ["2 a"]),
    SourceCase("a format spec with a field", "x = f'{1:{2}.{3}}'\nimport a", ["2 a"]),
    SourceCase(
      "a lambda and a slice in a field", "x = f'{(lambda: 1)()}{d[1:2]}'\nimport a", ["2 a"]),
    SourceCase("a named character", "x = f'\\N{DIGIT ONE}{1}'\nimport a", ["2 a"]),
    SourceCase("a backslash before a brace", "x = f'\\{1}' rf'\\{1}'\nimport a", ["2 a"]),
    SourceCase("an escaped quote in the text", "x = f'\\'{1}'\nimport a", ["2 a"]),
    SourceCase("a quote that is not three", "x = f'''{1}'a''{2}'''\nimport a", ["2 a"]),
    SourceCase("a template string", "x = t'{d['a']}' Tr'{1}'\nimport a", ["2 a"], minor: 14),
    SourceCase("brackets in a field", "x = f'{ {1: (2, [3])}[1] }'\nimport a", ["2 a"]),
    SourceCase("an unclosed field ends the file", "import a\nx = f'{1'\nimport no", ["1 a"]),
    SourceCase(
      "before 3.12 a quote ends the string", "x = f'{1}'; import a\ny = f'{'; import b",
      ["1 a", "2 b"],
      minor: 11),
    SourceCase(
      "an f-string as a whole before 3.12", "x = f'''{\"a\"}'''\nimport a", ["2 a"], minor: 9),
  ]

  static let lines = [
    SourceCase("a continued import", "from x \\\nimport y\nimport \\\n a", ["1 x: y", "3 a"]),
    SourceCase(
      "a parenthesised import",
      "from x import (  # why\n    a,  # this\n\n    b as c,\n)\nimport d", ["1 x: a, b", "6 d"]),
    SourceCase("semicolons", "import a; import b;x=1; from . import c;", ["1 a", "1 b", "1 .: c"]),
    SourceCase("a semicolon in a string", "x = '; import no'; import a", ["1 a"]),
    SourceCase("no line end at the end", "import a", ["1 a"]),
    SourceCase("brackets over lines", "x = [\nimport_, (\n{1: 2}\n)]\nimport a", ["5 a"]),
    SourceCase("a form feed", "\u{c}import a\n\u{c}\nif x:\n    \u{c}import b", ["1 a", "4 b"]),
    SourceCase(
      "carriage returns alone", "import a\rif x:\r\timport b\r# c\rimport d",
      [
        "1 a", "3 conditional b", "5 d",
      ]),
    SourceCase(
      "carriage return and line feed", "import a\r\nx = '''\r\n'''\r\nimport b\r\n",
      [
        "1 a", "4 b",
      ]),
    SourceCase(
      "tabs go to multiples of eight", "if x:\n        import a\n\timport b\nimport c",
      [
        "2 conditional a", "3 conditional b", "4 c",
      ]),
    SourceCase(
      "a comment to the left of a block", "if x:\n    import a\n# c\n    import b",
      [
        "2 conditional a", "4 conditional b",
      ]),
    SourceCase(
      "spaces within a name", "import a . b\nfrom . . c import d\nfrom.e import(f)",
      [
        "1 a.b", "2 ..c: d", "3 .e: f",
      ]),
    SourceCase(
      "three dots and more", "from ... import a\nfrom .....b import c",
      [
        "1 ...: a", "2 .....b: c",
      ]),
    SourceCase("a star", "from a import *\nfrom b import(*)", ["1 a: *"]),
    SourceCase(
      "aliases", "import a as b, c.d as e\nfrom f import g as h, i",
      [
        "1 a", "1 c.d", "2 f: g, i",
      ]),
    SourceCase("words that only begin like keywords", "imports = 1\nfrom_ = 2\nimport a", ["3 a"]),
    SourceCase("half an import", "import\nfrom x\nfrom import y\nfrom x import\nimport a.", []),
    SourceCase(
      "a line that starts with a continuation", "import a\n\\\nimport b\n", ["1 a", "3 b"]),
    SourceCase("a stray backslash ends the file", "import a\nx = \\ y\nimport no", ["1 a"]),
  ]

  static let bytes = [
    SourceCase("nothing", "", []),
    SourceCase("a byte order mark", bytes: [0xEF, 0xBB, 0xBF] + Array("import a".utf8), ["1 a"]),
    SourceCase("a NUL ends the file", "import a\n\0import no\nimport no", ["1 a"]),
    SourceCase(
      "invalid UTF-8", bytes: Array("x = '".utf8) + [0xFF, 0xC3] + Array("'\nimport a".utf8),
      ["2 a"]),
    SourceCase("a name that is not ASCII", "import größe.straße", ["1 größe.straße"]),
    SourceCase("a cookie of a superset of ASCII", "# -*- coding: latin-1 -*-\nimport a", ["2 a"]),
    SourceCase("a cookie of something else", "#!x\n# vim: fileencoding=UTF_16_le\nimport a", []),
    SourceCase("a cookie on the third line is none", "\n\n# coding: utf-16\nimport a", ["4 a"]),
    SourceCase("a cookie after code is none", "import a\n# coding: utf-16\n", ["1 a"]),
    SourceCase(
      "a character whose second byte looks like a backslash",
      bytes: Array("# coding: shift_jis\nx = '".utf8) + [0x95, 0x5C] + Array("'\nimport a".utf8),
      ["3 a"]),
  ]
}
