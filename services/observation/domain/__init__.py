"""The rules of observation: values in, values out. No clock, no id making, no I/O."""
