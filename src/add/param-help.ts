/** The help text of `--param`. */
export const PARAM_HELP =
  'name:type[?|=default][:description]; types: string, int, number, bool, enum(a,b), each also as a list: string[]';
