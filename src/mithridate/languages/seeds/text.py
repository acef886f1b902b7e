"""Small texts: plain, structured, marked up, and in the common programming and query languages."""

# ruff: noqa: E501 -- sample content reads better unbroken


def samples() -> dict[str, bytes]:
    """Name to content."""
    texts = {**_PLAIN, **_STRUCTURED, **_MARKUP, **_SOURCES, **_PATTERNS}
    return {name: text.encode() for name, text in texts.items()} | _BYTES


_PLAIN = {
    "newline.txt": "\n",
    "word.txt": "hello\n",
    "lines.txt": "one two three\nfour five\n\nsix, seven; eight: nine. (ten) [11] {12}\n",
    "numbers.txt": "0 1 -1 2.5 1e10 0x1F 65536 2147483647 -2147483648\n3\n4\n",
    "commands.txt": "help\nlist\nadd a 1\nadd b 2\nget a\nset a 3\ndel b\nprint\nquit\n",
    "menu.txt": "1\n2\n3\nabc\n4\n10\n5\n0\n",
    "sum.txt": "1 + 2 * (3 - 4) / 5 ^ 2 % 7\n",
    "pairs.txt": "a=1\nb=2\nname=value with spaces\n",
    "unicode.txt": "é ü ß 漢字 😀 \u202e\n",
    "long-line.txt": "a" * 300 + "\n",
}

_BYTES = {
    "utf16.txt": "\ufeffhi\n".encode("utf-16-le"),
    "latin1.txt": b"caf\xe9 \xfc\n",
    "crlf.txt": b"one\r\ntwo\r\n",
}

_STRUCTURED = {
    "table.csv": 'id,name,"quoted ""x"""\n1,a,2.5\n2,,-3\n"multi\nline",b,c\n',
    "table.tsv": "id\tname\n1\ta\n",
    "settings.ini": "; comment\n[section]\nkey = value\nlist[] = 1\n\n[other]\n# c\nx: y\n",
    "settings.conf": '# comment\nuser nobody;\nserver {\n  listen 80;\n  name "a b";\n}\ninclude other.conf\n',
    "settings.properties": "a.b=c\\u0041\n! x\nd : e \\\n f\n",
    "object.json": '{"a": 1, "b": [true, false, null], "c": {"d": "e\\u00e9\\n"}, "f": -1.5e+3}\n',
    "array.json": '[1, "two", [], {}, [[["deep"]]], 1e400, "\\ud83d\\ude00"]\n',
    "scalar.json": '"text"\n',
    "lines.jsonl": '{"a":1}\n{"a":2}\n',
    "commented.json5": "{a: 'x', /* c */ b: +.5, c: [1,],}\n",
    "document.yaml": "---\na: 1\nb: [x, y]\nc: &r {d: e}\nf: *r\ng: |\n  text\n  more\nh: !!int '3'\n? k\n: v\n...\n",
    "settings.toml": "title = \"t\"\n[a.b]\nx = 1_000\ny = [1, 2]\nz = 1979-05-27T07:32:00Z\n[[c]]\ns = '''raw'''\n",
    "mapping.plist": '<?xml version="1.0"?><plist version="1.0"><dict><key>a</key><integer>1</integer></dict></plist>\n',
    "text.proto": 'syntax = "proto3";\nmessage M { int32 a = 1; repeated string b = 2; }\n',
    "graph.dot": 'digraph g { rankdir=LR; a -> b [label="x" color=red]; subgraph cluster_0 { c; d } b -> {c d}; }\n',
    "mesh.obj": "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvn 0 0 1\nusemtl m\nf 1/1/1 2/1/1 3/1/1\n",
    "mesh.ply": "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\nelement face 1\n"
    "property list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",
    "mesh.stl": "solid s\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\nendsolid s\n",
    "drawing.dxf": "0\nSECTION\n2\nENTITIES\n0\nLINE\n8\n0\n10\n0.0\n20\n0.0\n11\n1.0\n21\n1.0\n0\nENDSEC\n0\nEOF\n",
    "places.geojson": '{"type":"Feature","geometry":{"type":"Point","coordinates":[1.0,2.0]},"properties":{}}\n',
    "shape.wkt": "POLYGON ((30 10, 40 40, 20 40, 10 20, 30 10))\n",
    "projection.txt": "+proj=utm +zone=33 +ellps=GRS80 +towgs84=0,0,0 +units=m +no_defs\n",
    "words.dic": "2\nhello/A\nworld/B\n",
    "words.aff": "SET UTF-8\nSFX A Y 1\nSFX A 0 s .\n",
    "message.po": 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "a"\nmsgstr[0] "b"\n',
    "playlist.m3u": "#EXTM3U\n#EXTINF:10,a\nfile.mp3\n",
    "captions.srt": "1\n00:00:01,000 --> 00:00:02,000\nHello <i>you</i>\n\n",
    "captions.vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n",
    "captions.ass": "[Script Info]\nTitle: t\n[Events]\nFormat: Layer, Start, End, Text\nDialogue: 0,0:00:01.00,0:00:02.00,{\\b1}Hi\n",
    "sheet.cue": 'FILE "a.wav" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
    "hosts.txt": "127.0.0.1 localhost\n::1 ip6-localhost # c\n",
    "record.fasta": ">seq1 description\nACGTACGTNN\n>seq2\nMKV*\n",
    "circuit.v": "module m(input a, output reg b); always @(posedge a) b <= ~b; endmodule\n",
    "keyboard.log": "Jan  1 00:00:00 host prog[123]: message key=value\n",
}

_MARKUP = {
    "document.xml": '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE a [<!ELEMENT a (b*)><!ENTITY e "x">]>\n'
    '<a xmlns:n="u"><b c="1">&lt;&e;&#65;</b><n:d/><![CDATA[raw]]><!-- c --><?pi x?></a>\n',
    "plain.xml": "<a><b>c</b></a>\n",
    "schema.xsd": '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a" type="xs:string"/></xs:schema>\n',
    "style.xsl": '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><o>'
    '<xsl:value-of select="//a[1]"/></o></xsl:template></xsl:stylesheet>\n',
    "types.dtd": '<!ELEMENT a (b+,c?)><!ATTLIST a x CDATA #REQUIRED><!ENTITY % p "q">\n',
    "page.html": '<!DOCTYPE html><html><head><title>t</title><meta charset="utf-8"><style>p{color:red}</style></head><body><p id=a>x'
    '<br><a href="u?a=b&amp;c">l</a><table><tr><td>1</table><img src=x><script>1</script></body></html>\n',
    "style.css": "@media print { a:hover, .b > #c::after { color: #fff; margin: 1px calc(2em + 3%); } }\n@import url(x);\n",
    "readme.md": '# Title\n\ntext *em* **strong** `code` [l](u "t") ![i](s)\n\n- a\n  1. b\n\n> q\n\n```c\nx\n```\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n<b>h</b>\n[r]: u\n',
    "page.rst": "Title\n=====\n\n*a* ``b`` `c <d>`_\n\n.. note:: x\n\n   y\n",
    "page.wiki": "== T ==\n'''b''' [[l|t]] {{x|y=1}}\n* a\n",
    "page.1": ".TH X 1\n.SH NAME\nx \\- y\n.B bold\n.TS\nl l.\na\tb\n.TE\n.EQ\nx sup 2\n.EN\n",
    "paper.tex": "\\documentclass{article}\n\\begin{document}\n$x^2 + \\frac{a}{b}$ \\section{A} % c\n\\end{document}\n",
    "refs.bib": '@article{k, author = {A and B}, title = "T", year = 2020}\n',
    "rich.rtf": "{\\rtf1\\ansi{\\fonttbl\\f0\\fswiss A;}{\\colortbl;\\red255\\green0\\blue0;}\\f0\\pard\\b b\\b0\\'e9\\u233?\\par{\\*\\x y}}\n",
    "card.vcf": "BEGIN:VCARD\r\nVERSION:3.0\r\nN:A;B\r\nTEL;TYPE=HOME:1\r\nEND:VCARD\r\n",
    "events.ics": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20200101T000000Z\r\nRRULE:FREQ=DAILY;COUNT=2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
}

_SOURCES = {
    "program.lua": "local t = {1, 2, x = 'a'}\nfunction f(a, ...) return a + #t, ... end\nfor i = 1, 3 do print(f(i)) end\n"
    "local ok, e = pcall(error, {}) goto l ::l::\nprint(string.format('%5.2f', 1.5), ('x'):rep(3), string.pack('i4', 1))\n",
    "objects.lua": "local m = setmetatable({}, {__index = function(t, k) return k end, __gc = function() end})\nlocal co = coroutine.wrap(function(a) "
    "local b = coroutine.yield(a) return b end)\nprint(co(1), co(2), m.x, table.concat({1, 2}, ','), select('#', nil, nil))\nprint(load('return 1')())\n",
    "program.js": "'use strict';\nlet a = [1, 2, ...[3]], o = {b: a.map(x => x * 2), get c() { return this.b }};\nclass K extends Object { #p = 1; m() { return `t${this.#p}` } }\n"
    "for (const k of a) { try { JSON.parse('{') } catch (e) { k } }\nfunction* g() { yield /r[e]+/g.exec('ree') }\nnew K().m(); [...g()]; a.sort(); o.c.length = 0;\n",
    "program.c": '#include <stdio.h>\n#define M(x) ((x) + 1)\nstruct s { int a; char b[4]; };\nint main(void) { struct s v = {1, "ab"}; for (int i = 0; i < 3; i++) v.a += M(i) << 1;\n'
    '  switch (v.a) { case 1: return 0; default: printf("%d\\n", v.a); } return 0; }\n',
    "program.cpp": "template <class T> struct A { T x; virtual ~A() = default; auto f() const { return [=] { return x; }; } };\nint main() { A<int> a{}; return a.f()(); }\n",
    "script.sh": '#!/bin/sh\nset -e\nx=$((1 + 2))\nfor i in a "$x" `echo b`; do case $i in a*) echo "${i%a}" ;; *) : ;; esac; done | sort > /dev/null 2>&1\nf() { local y=1; }; f && cat <<E\nt $x\nE\n',
    "program.awk": 'BEGIN { FS = ":"; x["a"] = 1 } /re/ { print $1, NR } { for (k in x) n += length(k); sub(/a/, "b") } END { printf "%d\\n", n }\n',
    "program.sed": "s/a\\(b\\)/\\1/g\n/x/,$d\n:l\ny/ab/cd/\ntl\n",
    "program.bc": "scale=5\ndefine f(n) { if (n <= 1) return (1); return (n * f(n - 1)); }\nf(10)\nsqrt(2)\na[1]=2; for (i = 0; i < 3; ++i) a[i]\nobase=16\n255\n",
    "program.dc": "2 3 + p 5k 1 3 / p [la 1 + sa] sx lx x 10 v f\n",
    "program.py": "import re\ndef f(a, *b, c=1): return {x: y for x, y in zip(a, b)}\nclass C:\n    z = lambda self: f'{self!r:>{10}}'\nprint(f('ab', 1, 2), re.sub('a', 'b', 'a'))\n",
    "program.pl": 'use strict; my %h = (a => [1, 2]); foreach my $k (sort keys %h) { print "$k @{$h{$k}}\\n" if $k =~ /^(a|b)$/i }\n',
    "program.rb": 'def f(x) = x.map { |y| y * 2 }\nputs f([1, 2]).inspect, :a <=> :b, "#{1 + 1}", %w[a b].to_h { [_1, 1] }\n',
    "program.php": "<?php $a = ['x' => 1, 2]; foreach ($a as $k => $v) { echo \"$k: {$v}\\n\"; } echo unserialize('a:1:{i:0;s:1:\"a\";}')[0]; ?>\n",
    "program.tcl": "proc f {a} { return [expr {$a + 1}] }\nputs [f 2]; set l [list 1 {2 3}]; foreach x $l { puts $x }\n",
    "program.lisp": '(define (f x) (if (< x 2) 1 (* x (f (- x 1)))))\n(display (f 5))\n(let ((a \'(1 . 2)) (b #(1 2))) (car a)) "s" #\\a\n',
    "program.forth": ": sq dup * ; 5 sq . 1 2 + . bye\n",
    "program.bas": '10 LET A=1\n20 FOR I=1 TO 3\n30 PRINT A*I;"x"\n40 NEXT I\n50 IF A>0 THEN GOTO 70\n60 END\n70 GOSUB 90\n80 END\n90 RETURN\n',
    "program.pas": "program p; var i: integer; begin for i := 1 to 3 do writeln(i, 'x'); end.\n",
    "program.go": "package main\nfunc main() { x := []int{1}; defer func() { recover() }(); println(x[0]) }\n",
    "program.rs": 'fn main() { let v: Vec<u8> = vec![1]; match v.get(0) { Some(&x) => println!("{x}"), None => {} } }\n',
    "program.java": 'class A<T> { @Override public String toString() { return "a" + (char) 1; } public static void main(String[] a) { int[] x = {1}; } }\n',
    "program.asm": "section .text\nglobal _start\n%define X 1\n_start: mov eax, X\n  add eax, [ebx+4*ecx+8]\n.l: jmp .l\nsection .data\nmsg db 'a', 0, 10\ntimes 4 dw 0x1234\n",
    "program.s": '\t.text\n\t.globl main\nmain:\n\tmovl $1, %eax\n\tret\n\t.data\n.L1:\t.string "a"\n\t.align 4\n\t.long 1b-.L1\n',
    "queries.sql": "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT DEFAULT 'x', UNIQUE(b));\nINSERT INTO t VALUES(1,'a'),(2,NULL);\nSELECT count(*), max(a) FROM t "
    "LEFT JOIN (SELECT 1 AS c) ON a=c WHERE b LIKE '%a' OR a IN (1,2) GROUP BY b HAVING 1 ORDER BY 2 DESC LIMIT 1;\nUPDATE t SET b=upper(b)||'z' WHERE a BETWEEN 1 AND 2;\n",
    "more.sql": "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r WHERE n<5) SELECT n, sum(n) OVER (ORDER BY n) FROM r;\nCREATE INDEX i ON t(a);\nCREATE VIEW v AS SELECT "
    "CASE WHEN a THEN x'00' ELSE 1.5e3 END FROM t;\nCREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END;\nPRAGMA integrity_check; EXPLAIN SELECT * FROM t; DROP TABLE IF EXISTS t;\n",
    "filter.jq": '.a[] | select(.b > 1) | {c: .d, "e": ([.f, 1] | add)} // empty\n',
    "rules.yar": 'rule r { strings: $a = "x" nocase $b = { 4D 5A ?? [2-4] 90 } $c = /a[0-9]+/ condition: $a and (#b > 1 or @c[1] < 10) and filesize < 1MB }\n',
    "grammar.y": "%token NUM\n%left '+'\n%%\ne: e '+' e { $$ = $1; } | NUM ;\n%%\n",
    "lexer.l": "%option noyywrap\nD [0-9]\n%%\n{D}+ { return 1; }\n[ \\t\\n] ;\n%%\n",
    "makefile.mk": "A := $(shell echo a)\nifeq ($(A),a)\nall: b.o ; @echo $@ $^\nendif\n%.o: %.c\n\t$(CC) -c $< -o $@\n",
    "change.diff": "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+c\n d\n",
    "context.patch": "*** f\t2020-01-01\n--- g\t2020-01-01\n***************\n*** 1,2 ****\n  a\n! b\n--- 1,2 ----\n  a\n! c\n",
    "edit.ed": "2c\nnew\n.\n1d\nw\nq\n",
}

_PATTERNS = {
    "pattern.regex": "^(a|b)*c{2,5}[^d-f\\w]+(?:x(?=y))\\1$\n",
    "posix.regex": "[[:alpha:]]\\{1,3\\}\\(a\\)\\1.*$\n",
    "perl.regex": "/(?<n>a+?)(?i)b(?>c|d)*+\\k<n>(?(1)e|f)\\p{L}\\x{100}(?R)?/gmx\n",
    "path.glob": "**/*.[ch]{a,b}?[!x]\n",
    "format.fmt": "%d %5.2f %-10s %%\n",
    "expression.xpath": "//a[@b='c' and position()<2]/../following-sibling::*[contains(text(),'d')]|id('e')\n",
    "template.html": "{% for x in y %}{{ x|upper }}{% endfor %}{{#a}}{{b}}{{/a}}<%= c %>${d}\n",
}
