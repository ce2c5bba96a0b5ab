"""What published networks provably do not see. May import weights and core; nothing of this folder imports torch."""
