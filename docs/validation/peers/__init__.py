"""archsim beside its peers, silicon and theory: one file for each, all run by ``make validate``."""
