"""Learning rules, each in a folder of its own: as numbers, and as the tasks that a chip does for it.

`archsim.registry.RULES` holds them by name. A rule is a subclass of :class:`archsim.rules.base.Rule`; lower rooms
ask the object and know no rule by its name.
"""
