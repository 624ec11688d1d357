// Restarts after every build.
const watch = ['--watch', '--watch-preserve-output'];
children.push(start([...watch, 'dist/http.js']));
