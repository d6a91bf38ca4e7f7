"""Sources of values besides files: computed from other sources, from features, or from a sequence."""
