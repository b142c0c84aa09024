"""What every page is made with, without a database: the renderer, forms, answers and headers. Kiosks use it too."""
