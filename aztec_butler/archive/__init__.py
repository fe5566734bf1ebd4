"""Where node and disk meet: events of any range, read from the disk what is there and from a node what is not."""
