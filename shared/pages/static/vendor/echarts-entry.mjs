// What of ECharts the pages use, bundled into echarts.min.js by the command that VENDORED.md records.
import * as echarts from "echarts/core";
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, SVGRenderer]);
window.echarts = { init: echarts.init, getInstanceByDom: echarts.getInstanceByDom };
