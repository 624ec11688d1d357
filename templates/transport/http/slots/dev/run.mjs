// Restarts after every build.
const watch = ['--watch', '--watch-preserve-output'];
children.push(start(['--enable-source-maps', ...watch, 'dist/http.js']));
