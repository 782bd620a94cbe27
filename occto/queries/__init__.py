"""READS by screen: ordered, and already scoped to what the viewer may see."""
