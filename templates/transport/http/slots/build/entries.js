http: 'src/http.ts',
