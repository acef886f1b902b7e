"""Rule packs that come with Mithridate; the files beside this one."""
