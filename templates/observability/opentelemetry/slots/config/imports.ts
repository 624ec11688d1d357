import { isHeaderList } from './observability/header-list.js';
