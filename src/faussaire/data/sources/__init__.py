"""What data may be: a file each for folders, archives, arrays, tables, lists, hubs."""
