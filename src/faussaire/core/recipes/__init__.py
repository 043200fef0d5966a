"""Named settings, one TOML file each: `faussaire train DATA --recipe NAME`."""
