"""Names put together from surnames and given-name characters, so that nobody real is meant."""

from random import Random

#: Common surnames, the most common ones repeated so that the town's families look like a real town's.
SURNAMES = (
    "王李张刘陈杨黄赵周吴王李张刘陈杨徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈"
    "姜范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚"
)
_FEMALE = "芳娜敏静秀丽娟艳霞燕玲桂英梅兰萍红玉琴云莲珍凤洁雪慧琳倩婷怡欣悦蕾蓉颖佳莉薇菲"
_MALE = "伟强磊军洋勇杰涛明超刚平辉鹏斌健飞波亮国建华志海峰文宏庆东林毅浩宇晨轩博凯旭俊"
_EITHER = "子雨思嘉一晓春新永安乐宁清远小天星辰冬夏"
_LATIN_GIVEN = (
    "Aldo",
    "Brisa",
    "Corin",
    "Delia",
    "Emric",
    "Fiora",
    "Galen",
    "Hesta",
    "Ivo",
    "Jessa",
    "Koren",
    "Lysa",
)
_LATIN_FAMILY = (
    "Ambrel",
    "Bastov",
    "Cordane",
    "Dunmere",
    "Elvaro",
    "Farlin",
    "Gresham",
    "Holvik",
    "Istrel",
    "Jorvan",
)


def surname(rng: Random) -> str:
    """A surname, weighted roughly as in the country."""
    return SURNAMES[int(rng.random() * len(SURNAMES))]


def given(rng: Random, sex: str) -> str:
    """One or two given-name characters that fit the sex (`男` or `女`)."""
    own = _MALE if sex == "男" else _FEMALE
    last = own[int(rng.random() * len(own))]
    luck = rng.random()
    if luck < 0.22:
        return last
    middle = _EITHER if luck < 0.6 else own
    return middle[int(rng.random() * len(middle))] + last


def chinese(rng: Random, sex: str) -> str:
    """A whole Chinese name."""
    return surname(rng) + given(rng, sex)


def latin(rng: Random) -> str:
    """A made-up name in Latin letters for a foreign passport."""
    return f"{rng.choice(_LATIN_FAMILY)} {rng.choice(_LATIN_GIVEN)}".upper()
