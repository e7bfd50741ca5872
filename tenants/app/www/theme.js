/* Before the first paint: the theme chosen here, where it is not the system's. */
try {
	document.documentElement.dataset.theme =
	    localStorage.getItem('theme') || 'auto';
} catch {
	/* no storage: the system's theme it is */
}
