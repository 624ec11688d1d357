// Restarts after every build.
const args = ['--watch', '--watch-preserve-output', 'dist/http.js'];
spawn(process.execPath, args, { stdio: 'inherit' });
