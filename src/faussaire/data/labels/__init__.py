"""From what names, folders and files beside say of images to classes."""
