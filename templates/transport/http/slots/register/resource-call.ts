...(uri !== undefined && { uri }),
