from mithridate.languages.c.options import Option, Take, options, positionals, subcommands, with_getopt
from mithridate.model.entry import INPUT, OUTPUT

CONVERTER = """\
usage: conv [options] input... output
where options are:
 -a              append to output instead of overwriting
 -o offset       set initial directory offset
 -p contig       pack samples contiguously
 -p separate     store samples separately
 -r #            make each strip have no more than # rows
 -c lzw[:opts]   compress output
 -b file[,#]     bias image to be subtracted
 -E top|bottom edge to use as origin
 -h              this text
 --daemon        go to the background
"""


def flags(text: str) -> dict[str, Option]:
    return {o.flag: o for o in options(text)}


def test_switches_values_and_choices_of_a_usage_text_are_told_apart() -> None:
    found = flags(CONVERTER)
    assert found["-a"].take is Take.NOTHING
    assert found["-o"].values == ("1", "0")
    assert found["-p"].values == ("contig", "separate")
    assert found["-r"].values == ("1", "0")
    assert found["-c"].values == ("lzw",)
    assert found["-b"].values == (INPUT,)
    assert found["-E"].values == ("top", "bottom")


def test_options_that_help_or_never_end_are_left_out() -> None:
    assert not {"-h", "--daemon"} & set(flags(CONVERTER))
    assert "-i" not in flags("  -i        enter interactive mode\n")


def test_long_options_take_their_value_as_the_text_shows_it() -> None:
    found = flags(
        "  --input FILE   use FILE\n  -l, --level=N   level\n  --output FILE  write to FILE\n  -q, --quiet   say nothing\n"
    )
    assert found["--input"].spelled(INPUT) == ("--input", INPUT)
    assert found["--level"].spelled("1") == ("--level=1",)
    assert found["--output"].values == (OUTPUT,)
    assert found["-q"].spelled() == ("-q",)


def test_options_in_brackets_of_the_usage_line_count() -> None:
    found = flags("usage: prog [-vqx] [-c count] [-l|-p] file\n")
    assert {"-v", "-q", "-x", "-l", "-p"} <= set(found)
    assert found["-c"].take is Take.NEXT


def test_a_getopt_string_corrects_what_the_text_says() -> None:
    merged = {o.flag: o for o in with_getopt(options(" -o     output\n -z     something\n"), "o:zk")}
    assert merged["-o"].take is Take.NEXT
    assert merged["-z"].take is Take.NOTHING
    assert merged["-k"].take is Take.NOTHING


def test_the_usage_line_says_where_input_and_output_stand() -> None:
    assert positionals(CONVERTER, "conv") == ((INPUT, OUTPUT),)
    assert positionals("usage: crop [options] source1 ... sourceN  destination\n", "crop") == ((INPUT, OUTPUT),)
    assert positionals("Usage: ./unpack [-l] archive.zip [names]\n", "unpack")[0][0] == INPUT
    assert positionals("Usage: calc [script [args]]\n", "calc") == ((INPUT,),)
    assert positionals("usage: tool -i <infile> <outfile>\n", "tool") == (("-i", INPUT, OUTPUT),)


def test_prose_that_mentions_the_program_is_no_usage_line() -> None:
    assert positionals("usage: unzip file\n  - unzip unpack names from the zip archive\n", "unzip") == ((INPUT,),)
    assert positionals("The conv program reads files.\n", "conv") == ()


def test_subcommands_are_read_from_their_list() -> None:
    text = "Usage: tool command [options] <file>\nCommands:\n  list   show members\n  unpack take them out\n"
    text += "  serve  listen\n\nOptions:\n  -q  quiet\n"
    assert subcommands(text) == ("list", "unpack")
    assert positionals(text, "tool") == (("list", INPUT), ("unpack", INPUT))


def test_a_hostile_usage_text_is_read_in_linear_time() -> None:
    """Texts on which a careless pattern would backtrack for ages; reaching the assertion is the claim."""
    bars, letters = "a|" * 200_000, "a" * 500_000
    for text in (f"usage: p {bars}", f" -x {bars}", "[-a" * 100_000, f"usage: p {letters} ...", "-" * 500_000):
        assert len(options(text)) < 1000
        assert len(positionals(text, "p")) < 1000


def test_options_in_a_second_column_count() -> None:
    text = "  -p  to pipe, no messages     -l  list files (short format)\n  -x  exclude (in xlist)   -aa treat ALL as text\n"
    assert [o.flag for o in options(text)] == ["-p", "-l", "-x", "-aa"]


def test_an_ending_in_brackets_is_no_argument_of_its_own() -> None:
    assert positionals("Usage: unpack [-Z] [-opts[modifiers]] file[.zip] [list] [-x xlist]\n", "unpack") == ((INPUT,),)
