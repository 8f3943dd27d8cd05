"""What a page looks like: templates on the NHS design system, the words of dates and numbers, style sheets and scripts."""
