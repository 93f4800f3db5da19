import bs4
from lxml import etree

etree.ElementTree(etree.fromstring("<a><b>text</b></a>")).write("x.xml")
print(etree.parse("x.xml").xpath("//b/text()"), bs4.BeautifulSoup("<p>text", "lxml").p.text)
