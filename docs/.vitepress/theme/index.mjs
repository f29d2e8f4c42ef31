// The default theme, with tables and pictures that fit into narrow windows.
import DefaultTheme from 'vitepress/theme';
import './style.css';

export default DefaultTheme;
