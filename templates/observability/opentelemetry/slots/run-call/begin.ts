let span: CallSpan | undefined;
