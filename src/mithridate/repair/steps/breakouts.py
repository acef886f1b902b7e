"""Other ways out of the same kind of place, for variants of a proof: written for each sink's grammar."""

from collections.abc import Mapping

from mithridate.model.violation import ViolationKind as K

INNER: Mapping[K, tuple[str, ...]] = {
    K.SQL_INJECTION: (
        "a' OR 'a'='a",
        'a" OR "a"="a',
        "a') OR ('a'='a",
        "1 OR 1=1",
        "a'--",
        "a'/**/OR/**/1=1--",
        "a\\' OR 1=1--",
        "name, (SELECT 1)",
    ),
    K.SHELL_INJECTION: (
        "a;true b",
        "a$(true)",
        "a`true`",
        "a|true b",
        "a&&true b",
        "a\ntrue b",
        "a';true 'b",
        'a";true "b',
        "a\\';true b",
    ),
    K.CROSS_SITE_SCRIPTING: (
        "<script>a(1)</script>",
        "<svg/onload=a(1)>",
        "<ScRiPt>a(1)</sCrIpT>",
        '"onmouseover="a(1)',
        "'onmouseover='a(1)",
        "a onmouseover=a(1)",
        "';a(1);'",
        '";a(1);"',
        "</script><script>a(1)</script>",
        "javascript:a(1)",
    ),
    K.HEADER_INJECTION: ("a\r\nX-Amber: b", "a\nX-Amber: b", "a\rX-Amber: b", "a\r\n\r\nb"),
    K.LOG_INJECTION: ("a\nb", "a\r\nb", "a\rb", "a\n\nb"),
    K.XPATH_INJECTION: ("a' or 'a'='a", 'a" or "a"="a', "a']|//*['a", "1 or 1=1", "a' or ''='"),
    K.LDAP_INJECTION: ("*", "a)(b=*", "a*)(|(b=*)", "*)(objectClass=*", "a\\29(b=c", "a,dc=b"),
    K.REGEX_INJECTION: ("(a|b)+", ".*", "a|b", "[a-z]+", "a{1,9}", "\\w+"),
    K.TEMPLATE_INJECTION: ("{{ 7 * 7 }}", "{% if 1 %}a{% endif %}", "${7 * 7}", "{0.__class__}", "<% 7 %>", "{{'a'.upper()}}"),
    K.CODE_INJECTION: ("__import__('os').getpid()", "a'+b()+'a", 'a"+b()+"a', "a();b", "[b() for b in a]", "(lambda: 1)()"),
    K.XML_INJECTION: ("</a><b>", "<b/>", 'a" b="c', "a' b='c", "]]><b/>", "&b;"),
    K.UNTRUSTED_IMPORT: ("a.b", "a.b.c", "os", "..a"),
    K.UNSAFE_DESERIALISATION: ("os.getpid", "posix.getpid", "subprocess.run"),
}
"""What stands within the marks."""

AROUND: Mapping[K, tuple[str, ...]] = {
    K.PATH_TRAVERSAL: (
        "../{}",
        "../../../../../../../../{}",
        "/{}",
        "/tmp/{}",
        "a/../../{}",
        "./../{}",
        "....//{}",
        "..././{}",
        "..\\{}",
        "%2e%2e%2f{}",
        "%252e%252e%252f{}",
        "file:///{}",
        "~/{}",
    ),
    K.ARCHIVE_TRAVERSAL: ("../{}", "../../{}", "/tmp/{}", "a/../../{}", "./../{}", "..\\{}"),
    K.OPEN_REDIRECT: (
        "https://{}.example/",
        "//{}.example/",
        "///{}.example/",
        "/\\{}.example/",
        "\\\\{}.example/",
        "https:{}.example",
        "https:///{}.example/",
        "\t//{}.example/",
        " https://{}.example/",
        "HTTPS://{}.example/",
        "http://localhost@{}.example/",
        "http://localhost.{}.example/",
        "javascript:1//{}",
    ),
    K.REQUEST_FORGERY: (
        "http://{}.example/",
        "https://{}.example/",
        "HTTP://{}.example/",
        "//{}.example/",
        "http://localhost@{}.example/",
        "http://localhost.{}.example/",
        "ftp://{}.example/",
        "file:///{}",
    ),
    K.ARGUMENT_INJECTION: ("-{}", "--{}", "--a={}", "-{} b"),
    K.EXTERNAL_ENTITY: (),
}
"""What stands around the mark, which holds a plain word."""
