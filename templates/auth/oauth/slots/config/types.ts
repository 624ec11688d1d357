const NO_SCOPE = 'must be ASCII without blanks, " and \\';
const scopes = list.refine((all) => all.every(isScope), NO_SCOPE);
