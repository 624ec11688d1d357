stdio: 'src/stdio.ts',
