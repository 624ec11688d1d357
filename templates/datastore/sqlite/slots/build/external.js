// Native code stays outside, and so does a package that starts workers from files of its own.
external: [/^libsql/],
