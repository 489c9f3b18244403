"""The runtime below the generated methods. Nothing here is public."""
