"""The common Chinese surnames, simplified and traditional: how a name is told from other words.

The 200 most frequent ones cover about 96 people in 100. Left out are those that mostly begin another
word in a letter: 于, 从, 向, 和, 车, 时, 管.
"""

from __future__ import annotations

from bot.text.reading import word_set

SINGLE = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖萧田董潘袁蔡蒋余杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付傅"
    "方白邹孟熊秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟申欧耿关兰焦俞左柳甘祝包"
    "宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲盛冉翁蓝骆路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫"
    "费卜冷晏席卫柏宗瞿桂全佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫郎桑丛甄敖虞仲池冼占廉鹿詹佘"
    "張劉陳楊黃趙吳孫馬羅鄭謝許韓鄧馮蕭蔣餘葉蘇呂盧鍾譚陸範韋賈鄒龍賀顧龔萬錢戴嚴湯溫齊喬龐顏莊聶魯歐關蘭寧紀畢單塗藍駱華饒"
)
SINGLE = "".join(dict.fromkeys(char for char in SINGLE if char not in "于从向和车时管"))

COMPOUND = word_set(
    "欧阳 歐陽 上官 司马 司馬 诸葛 諸葛 东方 東方 皇甫 尉迟 公孙 公孫 慕容 令狐 宇文 长孙 司徒 夏侯 端木 独孤 南宫 西门"
)
